/// Which of a group's loops a server is.
struct Membership {
    let group: LoopGroup
    let position: Int
}
