internal import CLinux
internal import Glibc

/// The cores of this machine.
public enum Cores {
    /// Those that this process may use, at least 1: a container or `taskset` may have left it only some. Said by the kernel for the
    /// calling thread.
    public static var usableCount: Int { max(1, Int(linux_usable_cores())) }
}
