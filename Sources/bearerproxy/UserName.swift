internal import ArgumentParser
internal import EventLoop

/// The value of `--user`: `NAME` or `NAME:GROUP`, which this machine knows.
struct UserName: ExpressibleByArgument {
    let user: ProcessUser

    init?(argument: String) {
        do {
            user = try ProcessUser(argument)
        } catch {
            Console.error("bearerproxy: --user \(argument): \(error)")
            return nil
        }
    }
}
