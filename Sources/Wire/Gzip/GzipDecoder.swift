internal import CZlib

/// Inflates the gzip content coding (RFC 1952, RFC 9110 section 8.4.1.3): any split of the input, any room of output,
/// one member or several behind each other.
///
/// What has arrived is given out at once, as far as the compressor had let go of it. The checksum and the length of every
/// member are verified, and nothing may stand behind the last one. Takes some 45 KiB from the first member on, whatever
/// the content; given back when the decoder goes.
@safe
public struct GzipDecoder: ~Copyable {
    /// zlib keeps a pointer to it, so it may not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let allowsPadding: Bool
    private var isWithinMember = false
    private var memberCount = 0
    /// Whether more output may come without more input: the last step had no room left.
    public private(set) var hasPendingOutput = false
    /// Bytes taken in so far.
    public private(set) var inputCount = 0
    /// Bytes given out so far.
    public private(set) var outputCount = 0

    /// - Parameter allowsPadding: zero bytes behind a member are passed over, as gzip itself does.
    /// - Throws: `GzipError.noMemory`.
    public init(allowsPadding: Bool = false) throws(GzipError) {
        self.allowsPadding = allowsPadding
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe bearerproxy_inflate_init_gzip(stream)
        guard code == Z_OK else { throw .noMemory }
    }

    /// Whether content that goes on like this, behind so many bytes of it, may be gzip as far as its first two bytes tell
    /// (RFC 1952, section 2.3.1).
    public static func mayBegin(with bytes: Span<UInt8>, behind count: Int) -> Bool {
        guard count < 2, !bytes.isEmpty else { return true }
        if count == 1 { return bytes[0] == secondByte }
        return bytes[0] == firstByte && (bytes.count == 1 || bytes[1] == secondByte)
    }

    /// Every member begins with it, ...
    public static let firstByte: UInt8 = 0x1F
    /// ... and this.
    private static let secondByte: UInt8 = 0x8B

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deinitialize(count: 1)
        unsafe stream.deallocate()
    }

    /// Whether the content may end here: at least one member is whole, and no other has begun.
    public var isComplete: Bool { memberCount > 0 && !isWithinMember }

    /// Inflates until the input is used up or the output is full.
    ///
    /// - Returns: how many bytes of the input are done with. The rest has to be given again, when there is room. While
    ///   `hasPendingOutput`, the input may be empty.
    /// - Throws: what is wrong with the content. What `output` was given before that is right as far as can be known;
    ///   the decoder must not be used any more.
    public mutating func step(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) throws(GzipError) -> Int {
        var consumed = 0
        while output.freeCapacity > 0, consumed < input.count || hasPendingOutput {
            if !isWithinMember {
                if allowsPadding, memberCount > 0 {
                    let padding = input.zeroCount(from: consumed)
                    consumed += padding
                    inputCount += padding
                    if consumed == input.count { break }
                }
                beginMember()
            }
            let before = output.freeCapacity
            let (code, taken) = inflateOn(input.extracting(droppingFirst: consumed), into: &output)
            consumed += taken
            inputCount += taken
            outputCount += before - output.freeCapacity
            switch code {
            case Z_OK, Z_BUF_ERROR:
                hasPendingOutput = output.freeCapacity == 0
            case Z_STREAM_END:
                isWithinMember = false
                memberCount += 1
                hasPendingOutput = false
            case Z_MEM_ERROR:
                throw .noMemory
            default:
                throw .damaged(reason)
            }
            try checkExpansion()
        }
        return consumed
    }

    private mutating func beginMember() {
        if memberCount > 0 {
            let code = unsafe inflateReset(stream)
            precondition(code == Z_OK, "a decoder that has ended a member can begin another")
        }
        isWithinMember = true
    }

    private func inflateOn(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> (code: Int32, taken: Int) {
        unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { buffer, count in
                let given = UInt32(clamping: source.count)
                let room = UInt32(clamping: buffer.count - count)
                // zlib does not write to its input; the type is from before const.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = given
                unsafe stream.pointee.next_out = buffer.baseAddress! + count
                unsafe stream.pointee.avail_out = room
                let code = unsafe inflate(stream, Z_SYNC_FLUSH)
                count += Int(unsafe room - stream.pointee.avail_out)
                let taken = Int(unsafe given - stream.pointee.avail_in)
                // What it was given is not its own beyond this call.
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.next_out = nil
                unsafe stream.pointee.avail_in = 0
                return (code, taken)
            }
        }
    }

    private func checkExpansion() throws(GzipError) {
        guard outputCount > Limits.inflationFreeBytes else { return }
        let bound = inputCount.multipliedReportingOverflow(by: Limits.inflationRatioMax)
        guard bound.overflow || outputCount <= bound.partialValue else { throw .inflatesTooMuch }
    }

    private var reason: String {
        guard let message = unsafe stream.pointee.msg else { return "it asks for a dictionary" }
        return unsafe String(cString: message)
    }
}

extension Span where Element == UInt8 {
    fileprivate func zeroCount(from start: Int) -> Int {
        var end = start
        while end < count, self[end] == 0 { end += 1 }
        return end - start
    }
}
