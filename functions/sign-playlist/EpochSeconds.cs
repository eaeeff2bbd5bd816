using System.Globalization;

namespace SignPlaylist;

/// <summary>Times in URLs: whole seconds since 1970, in decimal.</summary>
internal static class EpochSeconds
{
    private static readonly long s_max = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Reads a time in its one canonical spelling: no sign, no leading zero, at most the year 9999.</summary>
    public static bool TryParse(string? text, out DateTimeOffset time)
    {
        time = default;
        if (text is null or ['0', _, ..]
            || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > s_max)
            return false;
        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }
}
