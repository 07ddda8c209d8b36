internal import Credentials
internal import EventLoop
internal import Wire

// The way to an origin through the egress proxy: CONNECT, and its answer (RFC 9110, section 9.3.6).

extension Server {
    /// The connection to the proxy stands: asks it for the way.
    func askEgress(_ upstream: Handle<Upstream>, _ egress: Egress) {
        upstreams[upstream].become(.askingEgress)
        rereadSecrets(of: egress)
        let authority = Array(upstreams[upstream].destination.text.utf8)
        pool.lend(to: &upstreams[upstream].output)
        upstreams[upstream].output.appendWhole("CONNECT ")
        upstreams[upstream].output.appendWhole(authority)
        upstreams[upstream].output.appendWhole(" HTTP/1.1\r\nHost: ")
        upstreams[upstream].output.appendWhole(authority)
        if let authorization = egress.authorization {
            upstreams[upstream].output.appendWhole("\r\nProxy-Authorization: ")
            authorization.withBytes { bytes in
                bytes.withUnsafeBufferPointer { upstreams[upstream].output.appendWhole($0) }
            }
        }
        upstreams[upstream].output.appendWhole("\r\n\r\n")
        upstreams[upstream].output.holdSecret()
        awaitEgress(upstream, egress)
    }

    /// Sends what is left of the question, and takes the answer.
    func awaitEgress(_ upstream: Handle<Upstream>, _ egress: Egress) {
        sendQuestion(upstream)
        do throws(EgressFault) {
            guard try isWayOpen(upstream, egress) else { return }
        } catch {
            upstreamFailed(upstream, .egress(proxy: egress.text, setting: egress.setting, error))
            return
        }
        pool.giveBack(&upstreams[upstream].output)
        pool.giveBack(&upstreams[upstream].input)
        upstreams[upstream].searchedCount = 0
        shakeHandsFirst(upstream)
    }

    private func sendQuestion(_ upstream: Handle<Upstream>) {
        while !upstreams[upstream].output.isEmpty, upstreams[upstream].canSend, !upstreams[upstream].isSendBroken {
            let count = sendPlain(upstream, UnsafeRawBufferPointer(upstreams[upstream].output.bytes))
            guard count > 0 else { return }
            upstreams[upstream].output.consume(count)
        }
    }

    /// False when more has to arrive first.
    private func isWayOpen(_ upstream: Handle<Upstream>, _ egress: Egress) throws(EgressFault) -> Bool {
        guard let headCount = try receiveEgressHead(upstream) else { return false }
        let status = responseHead.status
        guard (200..<300).contains(status) else {
            // 407 is what the protocol has; tinyproxy refuses a wrong password with 401.
            guard status == 407 || status == 401 else { throw .refused(status: status) }
            throw egress.authorization == nil ? .credentialsMissing(status: status) : .credentialsRefused(status: status)
        }
        // Whatever stands behind the head (RFC 9112, section 6.3) would be taken for the upstream's own.
        guard upstreams[upstream].input.count == headCount else { throw .malformed("bytes follow its head, before any were due") }
        guard upstreams[upstream].output.isEmpty else { throw .malformed("it came before the question was whole") }
        return true
    }

    /// Receives until the head of the answer is whole, and parses it into `responseHead`: its count of bytes.
    private func receiveEgressHead(_ upstream: Handle<Upstream>) throws(EgressFault) -> Int? {
        while true {
            let bytes = upstreams[upstream].input.bytes
            let searched = upstreams[upstream].searchedCount
            if bytes.count > searched {
                upstreams[upstream].searchedCount = bytes.count
                // A faulty line is told at once, and a whole one is not looked for where no line ends.
                if searched == 0 || bytes[searched...].contains(0x0A) {
                    do throws(MessageError) {
                        responseHead.reset()
                        let head = bytes.span.extracting(first: Limits.egressHeadBytesMax)
                        if let headCount = try responseHead.parse(head) { return headCount }
                    } catch {
                        throw .malformed(error.message)
                    }
                }
                guard bytes.count < Limits.egressHeadBytesMax else {
                    throw .malformed("its head is longer than \(Limits.egressHeadBytesMax) bytes")
                }
            }
            do throws(UpstreamFault) {
                switch try receiveUnencrypted(upstream) {
                case .some: continue
                case .blocked: return nil
                case .full, .ended: throw .closedBeforeAnswer
                }
            } catch {
                throw .closed
            }
        }
    }

    /// User name and password may have been changed in the files that they are read from. A command is run at the start alone:
    /// nothing else happens in a loop that waits for one.
    private func rereadSecrets(of egress: Egress) {
        let changed = egress.sources.indices.filter { secrets.hasChanged(egress.sources[$0].source) }
        guard !changed.isEmpty else { return }
        var preparation = Preparation(configuration: configuration, secrets: secrets)
        for index in changed {
            if let value = preparation.read(egress.sources[index].source) { egress.sources[index].value = value }
        }
        if preparation.findings.isEmpty, let authorization = preparation.authorization(egress.sources) {
            egress.authorization = authorization
            log.event(.info, "egress proxy \(egress.text): its user name and password were read anew")
        }
        for finding in preparation.findings {
            log.event(.warning, "egress proxy \(egress.text): user name and password stay as they were, since they cannot be read anew: \(finding)")
        }
        tellWarnings()
    }
}
