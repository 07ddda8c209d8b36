import CZlib

/// zlib's own compressor: what servers send. One member of gzip, in as many pieces as it is asked for.
public final class Compressor {
    /// How the blocks are written (RFC 1951 section 3.2.3).
    public enum Blocks: Sendable, CaseIterable {
        case stored, fixed, dynamic
    }

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    public init(_ blocks: Blocks = .dynamic) {
        stream.initialize(to: z_stream())
        let level = blocks == .stored ? Z_NO_COMPRESSION : Z_BEST_COMPRESSION
        let strategy = blocks == .fixed ? Z_FIXED : Z_DEFAULT_STRATEGY
        let code = deflateInit2_(stream, level, Z_DEFLATED, 31, 8, strategy, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK)
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses more, and lets go of all of it.
    public func flush(_ bytes: [UInt8]) -> [UInt8] { run(bytes, Z_SYNC_FLUSH) }

    /// Compresses the rest; the member ends.
    public func finish(_ bytes: [UInt8] = []) -> [UInt8] { run(bytes, Z_FINISH) }

    /// A whole member.
    public static func gzip(_ bytes: [UInt8], _ blocks: Blocks = .dynamic) -> [UInt8] { Compressor(blocks).finish(bytes) }

    /// A whole member for a text.
    public static func gzip(_ text: String) -> [UInt8] { gzip(Array(text.utf8)) }

    private func run(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        var result: [UInt8] = []
        var input = bytes
        var output = [UInt8](repeating: 0, count: 65_536)
        input.withUnsafeMutableBufferPointer { source in
            stream.pointee.next_in = source.baseAddress
            stream.pointee.avail_in = UInt32(source.count)
            repeat {
                output.withUnsafeMutableBufferPointer { room in
                    stream.pointee.next_out = room.baseAddress
                    stream.pointee.avail_out = UInt32(room.count)
                    deflate(stream, flush)
                    result.append(contentsOf: room[..<(room.count - Int(stream.pointee.avail_out))])
                }
            } while stream.pointee.avail_out == 0
        }
        return result
    }
}
