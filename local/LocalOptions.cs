using Reelseal.Local.Keys;
using Reelseal.Storage;

namespace Reelseal.Local;

/// <summary>The options of the system on this machine.</summary>
internal sealed record LocalOptions
{
    /// <summary>The folder that keeps the objects; null for the bucket that <c>S3_BUCKET</c> and <c>S3_ENDPOINT</c> name.</summary>
    public string? StoreDirectory { get; init; }

    /// <summary>The store as the edge reads it; null to open the functions' store.</summary>
    public IObjectStore? Store { get; init; }

    /// <summary>The folder with the published functions, each in a folder of its name.</summary>
    public string FunctionsDirectory { get; init; } = Path.Combine(Repository.Root, "artifacts", "functions");

    /// <summary>The folder with the page.</summary>
    public string SiteDirectory { get; init; } = Path.Combine(Repository.Root, "web", "site");

    /// <summary>The gateway's port on 127.0.0.1, or 0 for a free one.</summary>
    public int GatewayPort { get; init; }

    /// <summary>The edge's port on 127.0.0.1, or 0 for a free one.</summary>
    public int EdgePort { get; init; }

    /// <summary>The origins whose pages may show the player in a frame.</summary>
    public IReadOnlyList<string> Embedders { get; init; } = [];

    /// <summary>The folder that keeps the keys, so that links outlive the system; null for keys that are removed at its end.</summary>
    public string? KeyDirectory { get; init; }

    /// <summary>The kind of signing key to create. A key that <see cref="KeyDirectory"/> already has stays.</summary>
    public SigningKeyKind SigningKey { get; init; }

    /// <summary>How many processes of ingest-video there are. With several, each video is encoded by all of them.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Further settings of both functions.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where the gateway and the edge log to; nowhere by default.</summary>
    public Action<ILoggingBuilder> Logging { get; init; } = _ => { };

    /// <summary>Gets each line that a function writes, with the function's name.</summary>
    public Action<string, string>? OnFunctionLine { get; init; }
}
