using System.Buffers;
using System.Globalization;

namespace Root;

/// <summary>Durations in Go's notation, as <c>time.ParseDuration</c> reads them: <c>1h30m</c>, <c>90s</c>, <c>1.5h</c>, <c>250ms</c>.</summary>
/// <remarks>Go goes on to nanoseconds, and to 292 years; what lies below a tick of 100 ns is cut off.</remarks>
internal static class GoDuration
{
    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789.");

    /// <returns>false where Go returns an error.</returns>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        var rest = text.AsSpan();
        var isNegative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
            rest = rest[1..];
        if (rest is "0") // the only number that needs no unit
            return true;
        if (rest.IsEmpty)
            return false;
        decimal nanoseconds = 0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(s_number);
            // What is too large for decimal is too large for Go as well.
            if (digits < 1 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
                return false;
            rest = rest[digits..];
            var letters = rest.IndexOfAny(s_number);
            var unit = letters < 0 ? rest : rest[..letters];
            if (NanosecondsOf(unit) is not { } one || count > long.MaxValue / one)
                return false;
            nanoseconds += Math.Truncate(count * one);
            if (nanoseconds > long.MaxValue)
                return false;
            rest = rest[unit.Length..];
        }
        var ticks = (long)(nanoseconds / TimeSpan.NanosecondsPerTick);
        duration = TimeSpan.FromTicks(isNegative ? -ticks : ticks);
        return true;
    }

    private static decimal? NanosecondsOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1,
        "us" or "\u00b5s" or "\u03bcs" => 1_000, // the micro sign and the Greek letter
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000m,
        "h" => 3600 * 1_000_000_000m,
        _ => null,
    };
}
