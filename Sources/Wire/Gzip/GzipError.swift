/// Why a content that is said to be gzip cannot be passed on as what it was made from.
public enum GzipError: Error, Equatable, Sendable {
    /// The bytes are not gzip, or not what was compressed: a wrong checksum, a wrong length, garbage. With zlib's words.
    case damaged(String)
    /// The content ended within the gzip format.
    case truncated
    /// It inflates beyond `Limits.inflationRatioMax`.
    case inflatesTooMuch
    /// There was no memory for the decoder.
    case noMemory

    /// The reason in words.
    public var message: String {
        switch self {
        case .damaged(let reason): "its gzip content is damaged: \(reason)"
        case .truncated: "its gzip content is truncated"
        case .inflatesTooMuch:
            "its gzip content inflates to more than \(Limits.inflationRatioMax) times its size (beyond the first "
                + "\(Limits.inflationFreeBytes >> 20) MiB); set \"decompress\" to false on this route if that is meant"
        case .noMemory: "there is no memory to inflate its gzip content"
        }
    }
}
