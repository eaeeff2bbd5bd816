using System.Text;

namespace Reelseal;

/// <summary>How much of a video its multivariant playlist offers.</summary>
public enum PublicationStage
{
    /// <summary>Everything, for good.</summary>
    Final,

    /// <summary>The source's own picture and the sound, whole: more qualities follow, and the playlist will be replaced.</summary>
    Playable,

    /// <summary>Nothing: it was playable, until its source turned out to be broken.</summary>
    Withdrawn,
}

/// <summary>
/// Writes and reads the tag that distinguishes the stages: <c>EXT-X-SESSION-DATA</c> (RFC 8216, 4.3.4.4),
/// which players hand on to the page and otherwise ignore.
/// </summary>
public static class PublicationStages
{
    /// <summary>How long a copy of a playlist that will be replaced may be kept.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(2);

    private const string Tag = "#EXT-X-SESSION-DATA:DATA-ID=\"reelseal.stage\",VALUE=";

    /// <summary>Returns the tag's line with its end; nothing for <see cref="PublicationStage.Final"/>.</summary>
    public static string TagOf(PublicationStage stage) => stage switch
    {
        PublicationStage.Playable => $"{Tag}\"playable\"\n",
        PublicationStage.Withdrawn => $"{Tag}\"withdrawn\"\n",
        _ => "",
    };

    /// <summary>Returns the stage of a multivariant playlist.</summary>
    /// <param name="multivariant">Its text in UTF-8.</param>
    public static PublicationStage In(ReadOnlySpan<byte> multivariant)
    {
        foreach (var stage in (ReadOnlySpan<PublicationStage>)[PublicationStage.Playable, PublicationStage.Withdrawn])
        {
            if (multivariant.IndexOf(Encoding.UTF8.GetBytes("\n" + TagOf(stage))) >= 0)
                return stage;
        }
        return PublicationStage.Final;
    }
}
