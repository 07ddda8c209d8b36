import Glibc

/// A failed system call of the tests' own.
struct SystemFailure: Error {
    let call: String
    let errorNumber: Int32

    init(_ call: String) {
        self.call = call
        errorNumber = errno
    }
}
