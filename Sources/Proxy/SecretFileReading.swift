/// What came of reading the file of a secret.
struct SecretFileReading {
    var result: Result<[UInt8], SecretError> = .success([])
    /// The file as it was, where it is not looked at again until it has changed.
    var signature: FileSignature?
    /// What is dangerous about it.
    var warnings: [Finding] = []
}
