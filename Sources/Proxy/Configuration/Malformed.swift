internal import Wire

/// Why a text of the configuration is not what it has to be, in the words that a finding shows.
struct Malformed: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// `text` in quotation marks for a message: one line, and cut where it is too long to be read in one.
func quoted(_ text: String) -> String {
    let shownMax = 120
    return JSONWriter.quoted(text.count > shownMax ? "\(text.prefix(shownMax))…" : text)
}
