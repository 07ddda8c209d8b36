internal import TLS
internal import Wire

/// The page at `/`: one document with its style and script in it, and nothing from elsewhere.
///
/// Its Content-Security-Policy names the two by their digests. So nothing else that might get into the page would run.
enum StatusPage {
    static let content: [UInt8] = Array(document.replacing("STYLE", with: style).replacing("SCRIPT", with: script).utf8)

    /// Field lines, each with its CRLF.
    static let fields = "Content-Security-Policy: default-src 'none'; script-src '\(digest(of: script))'; style-src '\(digest(of: style))'; "
        + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"

    /// As Content Security Policy writes it (section 2.3.1 of its level 3).
    private static func digest(of text: String) -> String {
        "sha256-" + Base64.encode(Digest.sha256(Array(text.utf8)))
    }
}
