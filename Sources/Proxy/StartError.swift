public import EventLoop

/// Why the proxy could not be started.
public enum StartError: Error {
    /// What the configuration names is missing or unusable: secrets, certificate files. All of it.
    case configuration([Finding])
    /// An address could not be listened on.
    case listen(SystemError, route: String)
    /// The loops have nothing to wake one another by.
    case wake(SystemError)
    /// The address at which the proxy tells about itself could not be listened on.
    case adminListen(SystemError)
}
