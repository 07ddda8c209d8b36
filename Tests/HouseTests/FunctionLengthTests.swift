import Testing

@Suite struct FunctionLengthTests {
    @Test func `every function of the product fits a screen`() throws {
        let files = try SourceFile.all()
        var count = 0
        for file in files {
            var scanner = FunctionLengths.Scanner(file.text)
            count += scanner.functions().count
        }
        #expect(count > 500)
        #expect(files.flatMap(FunctionLengths.faults) == [])
    }

    @Test func `a function that is too long is found`() {
        let body = String(repeating: "        step()\n", count: 69)
        let long = SourceFile(target: "Made", path: "Made.swift", text: "struct Made {\n    func go(_ a: Int = { 1 }()) {\n\(body)    }\n}\n")
        #expect(FunctionLengths.faults(in: long) == ["Made.swift:2: go has 71 lines; 70 fit a screen"])
        let fitting = SourceFile(target: "Made", path: "Made.swift", text: "    init() {\n\(body.dropLast(15))    }\n")
        #expect(FunctionLengths.faults(in: fitting) == [])
    }

    @Test func `braces in literals and comments are none`() {
        var scanner = FunctionLengths.Scanner(
            """
            func one() -> String { // }
                /* } */ let text = "}\\(name("}"))" + #"}"# + "\\"}"
                return text
            }
            protocol Some { func two(); init() }
            struct Other { var three: Int { get { 3 } } ; deinit {
            } }
            """)
        #expect(
            scanner.functions() == [
                .init(name: "one", line: 1, lines: 4), .init(name: "get", line: 6, lines: 1), .init(name: "deinit", line: 6, lines: 2),
            ])
    }
}
