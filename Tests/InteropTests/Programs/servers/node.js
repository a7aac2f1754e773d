// Node's servers of HTTP/1.1 and, with the argument h2c, of HTTP/2 without TLS.
const { createHash } = require("crypto");
const { appendFileSync } = require("fs");
const { SERVER_NAME: name, SERVER_LOG: log, SERVER_PORT: port } = process.env;
const module_ = require(process.argv[2] === "h2c" ? "http2" : "http");

const server = module_.createServer((request, response) => {
  const { method, url, headers } = request;
  const last = url.slice(url.lastIndexOf("/") + 1);
  appendFileSync(log, `${method} ${url} ${headers["x-user"] || "-"} ${headers["x-id"] || "-"}\n`);
  if (last === "hold" && name === "alice") return;
  const sum = createHash("sha256");
  let count = 0;
  request.on("data", (bytes) => {
    sum.update(bytes);
    count += bytes.length;
  });
  request.on("end", () => {
    const text = `${name} ${method} ${url} ${count} ${sum.digest("hex")}\n`;
    response.setHeader("x-server", name);
    if (last === "empty") {
      response.writeHead(204);
      return response.end();
    }
    if (last !== "stream") {
      response.setHeader("content-length", text.length);
      return response.end(method === "HEAD" ? undefined : text);
    }
    response.write(text);
    for (let piece = 0; piece < 20; piece++) response.write("x".repeat(10000));
    response.end();
  });
});
server.keepAliveTimeout = 60000;
server.listen(Number(port), "127.0.0.1");
