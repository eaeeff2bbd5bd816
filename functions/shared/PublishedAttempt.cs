using System.Text;
using Reelseal.Playlists;

namespace Reelseal;

/// <summary>What <see cref="ObjectKeys.Multivariant"/> says of a video.</summary>
/// <param name="Attempt">The attempt whose renditions it names; empty where it names none.</param>
/// <param name="Stage">How much of the video it offers.</param>
public sealed record PublishedAttempt(string Attempt, PublicationStage Stage)
{
    /// <summary>What it offers is still being encoded, and players begin at its start.</summary>
    public bool IsGrowing { get; init; }

    /// <summary>The first media playlist that it names, relative to itself; null where it names none.</summary>
    public string? MediaPlaylist { get; init; }

    /// <param name="multivariant">The text of the playlist.</param>
    /// <returns>null when the text is not a playlist, or names no attempt although it should.</returns>
    public static PublishedAttempt? Read(string multivariant)
    {
        try
        {
            var stage = PublicationStages.In(Encoding.UTF8.GetBytes(multivariant));
            var playlist = MultivariantPlaylist.Read(multivariant);
            return playlist.StreamInf switch
            {
                [{ Uri: var uri }, ..] when uri.Split('/') is [{ Length: > 0 } attempt, _, _] =>
                    new(attempt, stage) { IsGrowing = playlist.Start is not null, MediaPlaylist = uri },
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
