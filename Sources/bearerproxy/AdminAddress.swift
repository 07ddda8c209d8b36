internal import ArgumentParser
internal import Proxy

/// The value of `--admin`: an address as `admin.listen` has it.
struct AdminAddress: ExpressibleByArgument {
    let listen: ListenAddress

    init?(argument: String) {
        do {
            listen = try AdminSettings.address(argument)
        } catch {
            Console.error("bearerproxy: --admin \(argument): \(error)")
            return nil
        }
    }
}
