public import FoundationEssentials

/// Kubernetes' MicroTime: RFC 3339 in UTC with exactly six fractional digits.
///
/// A Lease or an Event with any other number of digits is refused (`parsing time … as 2006-01-02T15:04:05.000000Z07:00`).
public enum MicroTime {
    /// The text of a moment, cut to whole microseconds. Years outside 1…9999 are clamped; no number at all reads as 1970.
    public static func text(for date: Date) -> String {
        let lowest = -62_135_596_800.0  // 0001-01-01
        let highest = 253_402_300_799.0  // 9999-12-31T23:59:59
        let wanted = date.timeIntervalSince1970
        let seconds = wanted.isNaN ? 0 : min(max(wanted, lowest), highest)
        let micros = Int64((seconds * 1_000_000).rounded(.down))
        let whole = floorDivide(micros, 1_000_000)
        let day = floorDivide(whole, 86_400)
        let second = whole - day * 86_400
        let (year, month, dayOfMonth) = civilDate(daysSinceEpoch: day)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        let time = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        return "\(date)T\(time).\(padded(micros - whole * 1_000_000, 6))Z"
    }

    /// The moment of an RFC 3339 text with any number of fractional digits; `nil` when it is none.
    public static func date(from text: String) -> Date? {
        if let date = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: false)) {
            return date
        }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Days since 1970-01-01 to a date of the proleptic Gregorian calendar, counted in eras of 400 years from March.
    private static func civilDate(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468  // days from 0000-03-01
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
