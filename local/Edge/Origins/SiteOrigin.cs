using System.Globalization;
using Microsoft.Net.Http.Headers;
using Reelseal.Local.Edge.Signing;
using Reelseal.Storage;

namespace Reelseal.Local.Edge.Origins;

/// <summary>The page: files of a folder, under <c>site/</c>, and its <c>config.json</c>, which names the addresses of this system.</summary>
/// <param name="folder">The folder with the page's files.</param>
internal sealed class SiteOrigin(string folder) : IOrigin
{
    /// <summary>The path of the embeddable player's files.</summary>
    public const string Player = "/site/player/";

    /// <summary>
    /// The content of <c>site/config.json</c>, or null before it is set: it may name the edge's own address, which is known only after the edge listens.
    /// </summary>
    public byte[]? Configuration { get; set; }

    /// <summary>The <c>Content-Security-Policy</c> of the page; set together with the configuration.</summary>
    public string? ContentSecurityPolicy { get; set; }

    /// <summary>The same of the player, which other pages may frame.</summary>
    public string? PlayerPolicy { get; set; }

    public Task ServeAsync(HttpContext context, ViewerUrl url)
    {
        if (HttpMethods.IsOptions(context.Request.Method))
            return Task.CompletedTask; // a module is loaded without a preflight
        var path = url.Path.EndsWith('/') ? url.Path + "index.html" : url.Path;
        if (!ViewerPath.TryReadKey(path, out var key) || !key.StartsWith("site/", StringComparison.Ordinal))
            return EdgeError.WriteMissingAsync(context);
        var headers = ObjectHeaders.For(key);
        context.Response.Headers.CacheControl = headers.CacheControl;
        context.Response.Headers.ContentSecurityPolicy = path.StartsWith(Player, StringComparison.Ordinal) ? PlayerPolicy : ContentSecurityPolicy;
        if (key == "site/config.json" && Configuration is { } configuration)
            return TypedResults.Bytes(configuration, headers.ContentType).ExecuteAsync(context);

        var file = new FileInfo(Path.Combine(folder, key["site/".Length..]));
        if (!file.Exists)
            return EdgeError.WriteMissingAsync(context);
        var eTag = new EntityTagHeaderValue(string.Create(CultureInfo.InvariantCulture, $"\"{file.LastWriteTimeUtc.Ticks:x}-{file.Length:x}\""));
        return TypedResults.PhysicalFile(
            file.FullName, headers.ContentType, fileDownloadName: null, new DateTimeOffset(file.LastWriteTimeUtc), eTag, enableRangeProcessing: true)
            .ExecuteAsync(context);
    }
}
