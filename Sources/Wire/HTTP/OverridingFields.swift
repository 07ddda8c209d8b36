/// Fields that some servers and frameworks take for the method or the path in place of those of the request line.
public enum OverridingFields {
    /// None of them is registered; each is read by something that is in use.
    public static let names = methods + paths

    private static let methods = [
        "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method", "X-Forwarded-Method",
    ]
    private static let paths = [
        "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Rewrite-URI", "X-Override-URL", "X-Forwarded-Uri", "X-Forwarded-Path",
        "X-Forwarded-Prefix",
    ]
}
