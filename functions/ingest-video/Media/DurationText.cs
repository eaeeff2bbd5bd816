using System.Globalization;

namespace IngestVideo.Media;

/// <summary>Writes durations as people do.</summary>
public static class DurationText
{
    /// <summary>Up to this, seconds are easier to read than minutes.</summary>
    private const double MostSeconds = 100;

    /// <summary>Returns <c>65.3 s</c>, <c>2:30</c> or <c>1:23:45.6</c>: to a tenth of a second.</summary>
    public static string ToText(this TimeSpan duration)
    {
        var rounded = TimeSpan.FromSeconds(Math.Round(Math.Max(0, duration.TotalSeconds), 1, MidpointRounding.AwayFromZero));
        if (rounded.TotalSeconds < MostSeconds)
            return string.Create(CultureInfo.InvariantCulture, $"{rounded.TotalSeconds:0.#} s");
        var tenth = rounded.Milliseconds / 100 is > 0 and var digit ? $".{digit}" : "";
        var hours = (long)rounded.TotalHours;
        return hours > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{hours}:{rounded.Minutes:00}:{rounded.Seconds:00}{tenth}")
            : string.Create(CultureInfo.InvariantCulture, $"{rounded.Minutes}:{rounded.Seconds:00}{tenth}");
    }
}
