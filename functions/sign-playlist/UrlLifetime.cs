namespace SignPlaylist;

/// <summary>How long signed URLs live.</summary>
/// <param name="Minimum">A URL lives at least this long, unless a token or a ticket ends sooner.</param>
/// <param name="Window">Ends are rounded up to a multiple of this, so that all viewers of one window share the same bytes.</param>
/// <param name="StartsWithWindow">Whether URLs also have a start: that of the window in which they were signed.</param>
internal sealed record UrlLifetime(TimeSpan Minimum, TimeSpan Window, bool StartsWithWindow)
{
    /// <summary>When a URL signed now ends.</summary>
    /// <param name="now">The present.</param>
    /// <param name="bound">A time that it must not outlive, or null.</param>
    public DateTimeOffset EndFor(DateTimeOffset now, DateTimeOffset? bound)
    {
        var ticks = (now + Minimum - DateTimeOffset.UnixEpoch).Ticks;
        var end = DateTimeOffset.UnixEpoch + TimeSpan.FromTicks((ticks + Window.Ticks - 1) / Window.Ticks * Window.Ticks);
        return bound < end ? bound.Value : end;
    }

    /// <summary>When a URL signed now starts, or null when it has no start.</summary>
    public DateTimeOffset? StartFor(DateTimeOffset now)
    {
        if (!StartsWithWindow)
            return null;
        var ticks = (now - DateTimeOffset.UnixEpoch).Ticks;
        return DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(ticks / Window.Ticks * Window.Ticks);
    }
}
