internal import CLinux

/// The pages of the program and its libraries that are in memory.
public enum ProgramPages {
    /// Gives back those that are as they stand in their files: many are only used at the start. What is used again comes back from
    /// the system's cache at its first use. How many bytes are mapped so; 0 where the system does not do it.
    @discardableResult
    public static func release() -> Int { linux_release_program_pages() }
}
