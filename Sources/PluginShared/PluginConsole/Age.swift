/// A time span as kubectl prints ages: the two largest units, `5m10s`, `3h4m`, `2d`.
public enum Age {
    /// The text of a span in whole seconds; negative spans read as 0.
    public static func text(seconds: Int) -> String {
        let seconds = max(0, seconds)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<600: return "\(seconds / 60)m\(seconds % 60)s"
        case ..<10_800: return "\(seconds / 60)m"
        case ..<28_800: return "\(seconds / 3600)h\(seconds / 60 % 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }
}
