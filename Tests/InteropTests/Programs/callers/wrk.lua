-- Asks as a user by chance each time, and holds against each answer who gave it: nginx says in it whose request it was.
local threads = {}
local users = { "alice", "bob", "carol" }
wrong, asked = 0, 0

function setup(thread)
  table.insert(threads, thread)
end

function request()
  return wrk.format("GET", "/wrk", { ["x-user"] = users[math.random(3)] })
end

function response(status, headers)
  local user = headers["x-user"]
  local wanted = user == "carol" and "origin" or user
  asked = asked + 1
  if status ~= 200 or headers["x-server"] ~= wanted then wrong = wrong + 1 end
end

function done()
  local all, bad = 0, 0
  for _, thread in ipairs(threads) do
    all, bad = all + thread:get("asked"), bad + thread:get("wrong")
  end
  print(("\n%d wrong of %d"):format(bad, all))
end
