/// A file that tokens may not be kept in.
struct TokenFileError: Error {
    let finding: Finding

    init(_ place: Place, _ message: String) { finding = Finding(place: place, message: message) }
}
