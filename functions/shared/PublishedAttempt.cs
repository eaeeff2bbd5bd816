using Reelseal.Playlists;

namespace Reelseal;

/// <summary>Finds the attempt that is the video: the one whose renditions the multivariant playlist names.</summary>
public static class PublishedAttempt
{
    /// <param name="multivariant">The text of <see cref="ObjectKeys.Multivariant"/>.</param>
    /// <returns>null when the text is not a playlist, or names no attempt.</returns>
    public static string? In(string multivariant)
    {
        try
        {
            return MultivariantPlaylist.Read(multivariant).StreamInf is [{ Uri: var uri }, ..]
                && uri.Split('/') is [{ Length: > 0 } attempt, _, _]
                ? attempt : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
