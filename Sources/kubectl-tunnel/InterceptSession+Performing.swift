import PluginConsole
import PluginSession
import Session
import SessionEffects

extension InterceptSession {
    /// Does what the session orders, or begins it.
    func perform(_ order: LaptopSession.Order) {
        switch order {
        case .connect(let pod, let isFirst): self.attempt { try await self.connect(to: pod, isFirst: isFirst) }
        case .check(let pod, let isFirst): self.attempt { try await self.check(pod, isFirst: isFirst) }
        case .failCheck: self.checked?.finish()
        case .switchService(let pod, let isFirst):
            self.attempt { try await self.switchService(to: pod, isFirst: isFirst) }
        case .look: self.attempt { try await self.look() }
        case .pause(let duration):
            self.attempt {
                try await Task.sleep(for: duration * Double.random(in: 0.5...1))
                return .pauseOver
            }
        case .dropTunnel: self.dropTunnel()
        case .lookAtAPI: self.inBackground { await self.lookAtAPI() }
        case .lookForSilence: self.inBackground { await self.lookForSilence() }
        case .restoreMeanwhile(let cause):
            self.meanwhile = Task { self.tell(.restoredMeanwhile(try? await self.restore(cause))) }
        case .lookWhetherWanted:
            self.inBackground { if let loss = try? await self.lossOfProxy() { self.tell(.lost(loss)) } }
        case .readService(let writes): self.inBackground { await self.readService(writes) }
        case .inspect(let loss): self.inBackground { await self.inspect(loss) }
        case .report(let report): self.report(report)
        case .stopWork: self.stopWork()
        case .end(let cause, let withOthers):
            self.inBackground { await self.end(cause, withOthers: withOthers) }
        case .leave: self.leave()
        case .deleteLease: self.inBackground { await self.deleteLease() }
        case .waitForOriginals:
            self.inBackground {
                _ = await self.cleanup.waitForOriginals(within: .seconds(30))
                self.tell(.originalsReady)
            }
        case .drain: self.drain()
        case .wake(let timer, let duration):
            self.inBackground {
                try? await Task.sleep(for: duration)
                self.tell(.woken(timer))
            }
        case .handOver: self.inBackground { self.tell(.handedOver(await self.handOver())) }
        case .cleanUp(let isDrained): self.inBackground { await self.cleanUp(isDrained: isDrained) }
        case .askProxyToEnd: self.asking = Task { self.tell(.proxyAnswered(await self.askProxyToEnd())) }
        case .stopAsking: self.asking?.cancel()
        }
    }

    private func attempt(_ body: @escaping @Sendable () async throws -> LaptopSession.Event) {
        self.attempt = Task {
            do {
                self.tell(try await body())
            } catch {
                self.tell(.attemptFailed(error))
            }
        }
    }

    private func stopWork() {
        let work = [self.attempt, self.meanwhile]
        for task in work { task?.cancel() }
        self.inBackground {
            for task in work { await task?.value }
            await self.stopKeepingEndingPods()
            self.tell(.workStopped)
        }
    }
}
