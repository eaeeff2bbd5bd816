using System.Text;
using Reelseal.Playlists;

namespace Reelseal;

/// <summary>What <see cref="ObjectKeys.Multivariant"/> says of a video.</summary>
/// <param name="Attempt">The attempt whose renditions it names; empty where it names none.</param>
/// <param name="Stage">How much of the video it offers.</param>
public sealed record PublishedAttempt(string Attempt, PublicationStage Stage)
{
    /// <param name="multivariant">The text of the playlist.</param>
    /// <returns>null when the text is not a playlist, or names no attempt although it should.</returns>
    public static PublishedAttempt? Read(string multivariant)
    {
        try
        {
            var stage = PublicationStages.In(Encoding.UTF8.GetBytes(multivariant));
            return MultivariantPlaylist.Read(multivariant).StreamInf switch
            {
                [{ Uri: var uri }, ..] when uri.Split('/') is [{ Length: > 0 } attempt, _, _] => new(attempt, stage),
                [] when stage == PublicationStage.Withdrawn => new("", stage),
                _ => null,
            };
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
