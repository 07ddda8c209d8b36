@testable import Credentials

import Wire

/// What an answer of success grants, by what each setting says.
struct PlainGrant: Equatable {
    var token: [UInt8]
    var lifetime: Duration?
}

extension PlainGrant {
    /// Nil where there is anything that says that it grants nothing.
    init?(_ bytes: [UInt8], _ form: AnswerForm) {
        let limits = Credentials.Limits()
        guard let json = try? JSON.parse(bytes, depthMax: limits.answerDepthMax, bytesMax: limits.answerBytesMax) else { return nil }
        guard json.object != nil, Self.find(form.errorPaths, json) == nil else { return nil }
        if let success = form.success, let found = Self.find(success.paths, json), found.bool != true { return nil }
        if let type = Self.find(form.typePaths, json) {
            guard let text = type.string, Array(text.utf8).lowercased.isText("bearer") else { return nil }
        }
        guard let text = Self.find(form.tokenPaths, json)?.string, (1...limits.tokenBytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        token = Array(text.utf8)
        guard let found = Self.find(form.lifetimePaths, json) else { return }
        let seconds = found.string.flatMap { $0.utf8.allSatisfy(\.isDigit) ? Double($0) : nil } ?? found.double
        guard let seconds else { return nil }
        lifetime = .seconds(seconds < 0 ? 0 : seconds > 1e11 ? 1e11 : seconds)
    }

    /// What the first of the paths that leads to something leads to.
    private static func find(_ paths: [String], _ json: JSON) -> JSON? {
        for path in paths {
            var found: JSON? = json
            for key in path.split(separator: ".") {
                let member = found?.object?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
                let element = found?.array.flatMap { elements in elements.indices.first { "\($0)" == key }.map { elements[$0] } }
                found = member ?? element
            }
            if let found, !found.isNull { return found }
        }
        return nil
    }
}
