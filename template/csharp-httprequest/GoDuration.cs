using System.Buffers;
using System.Globalization;

namespace Root;

/// <summary>Durations as of-watchdog reads them: Go's <c>1h30m</c>, <c>90s</c>, <c>250ms</c>, or whole seconds.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789.");

    /// <returns>The duration, or null when the text is not one; of-watchdog then uses its default as well.</returns>
    public static TimeSpan? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.FromSeconds(seconds);
        var total = TimeSpan.Zero;
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            var digits = rest.IndexOfAnyExcept(s_number);
            if (digits < 1 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
                return null;
            rest = rest[digits..];
            var letters = rest.IndexOfAny(s_number);
            var unit = letters < 0 ? rest : rest[..letters];
            TimeSpan? one = unit switch
            {
                "ms" => TimeSpan.FromMilliseconds(1),
                "s" => TimeSpan.FromSeconds(1),
                "m" => TimeSpan.FromMinutes(1),
                "h" => TimeSpan.FromHours(1),
                _ => null,
            };
            if (one is null)
                return null;
            total += one.Value * count;
            rest = rest[unit.Length..];
        }
        return total;
    }
}
