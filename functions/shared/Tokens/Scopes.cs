namespace Reelseal.Tokens;

/// <summary>The scopes that tokens carry.</summary>
public static class Scopes
{
    public const string Play = "video:play";
    public const string Ingest = "video:ingest";

    /// <summary>Makes share links; <see cref="Ingest"/> does as well.</summary>
    public const string Share = "video:share";

    /// <summary>Keeps files of videos; playing them is not enough.</summary>
    public const string Download = "video:download";

    /// <summary>How every scope of ours begins.</summary>
    internal const string Family = "video:";
}
