internal import CLinux
internal import Synchronization

/// Memory of the process that nobody uses.
public enum FreeMemory {
    /// Gives all of it back to the system, whole pages of it. Takes about a millisecond for 500 of them. Does nothing while another
    /// thread does it, which it would only have to wait for.
    public static func release() {
        guard !isBeingReleased.exchange(true, ordering: .acquiring) else { return }
        linux_release_free_memory()
        isBeingReleased.store(false, ordering: .releasing)
    }

    private static let isBeingReleased = Atomic(false)
}
