import Testing

@testable import Proxy

@Suite struct DescriptorBudgetTests {
    @Test(arguments: [
        (64, 2, 16_384, 32, 14, 4), (1024, 2, 16_384, 990, 463, 64), (1 << 20, 4, 16_384, (1 << 20) - 36, 16_384, 64),
        (1024, 2, 100, 990, 100, 64), (8, 2, 16_384, 4, 2, 0), (0, 2, 16_384, 2, 1, 0),
        (.max, 2, 16_384, Int.max - 34, 16_384, 64),
    ])
    func `no connection takes what the rest of the process needs`(
        descriptorsMax: Int, listenersMax: Int, wanted: Int, socketsMax: Int, clientsMax: Int, refusalsMax: Int
    ) {
        let budget = DescriptorBudget(descriptorsMax: descriptorsMax, listenersMax: listenersMax, clientsMax: wanted)
        #expect((budget.socketsMax, budget.clientsMax, budget.refusalsMax) == (socketsMax, clientsMax, refusalsMax))
        #expect(clientsMax == 1 || 2 * clientsMax + refusalsMax <= socketsMax)
    }

    @Test func `listeners that a reload brings are reserved for, and those that it takes away give nothing beyond the first budget`() {
        let first = DescriptorBudget(descriptorsMax: 1024, listenersMax: 4, clientsMax: 400)
        let more = first.reserving(104)
        #expect(more.socketsMax == first.socketsMax - 100)
        #expect(more.clientsMax <= first.clientsMax && more.refusalsMax <= first.refusalsMax)
        #expect(first.reserving(2) == first)
    }
}
