using Pulumi;
using Pulumi.Aws.S3;
using Reelseal.Storage;

namespace Reelseal.Infra;

/// <summary>The web page under <c>site/</c>, with the address of the gateway, and of tokens if there is one, in its <c>config.json</c>.</summary>
internal sealed class WebPage : ComponentResource
{
    public WebPage(string name, Bucket bucket, string folder, DeploymentSettings settings)
        : base("reelseal:web:WebPage", name)
    {
        var owned = new CustomResourceOptions { Parent = this };
        if (!Directory.Exists(folder))
            throw new RunException($"reelseal:page names the folder {folder}, which does not exist.");
        if (File.Exists(Path.Combine(folder, "page.js")) && !File.Exists(Path.Combine(folder, "player", "hls", "hls.js")))
            throw new RunException($"hls.js is not in {folder}: run make page.");
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var key = $"site/{Path.GetRelativePath(folder, file).Replace('\\', '/')}";
            if (key != "site/config.json")
                Put(key, new FileAsset(file));
        }
        Put("site/config.json", new StringAsset(PageConfiguration.Of(settings)));
        RegisterOutputs();

        void Put(string key, Asset content)
        {
            var headers = ObjectHeaders.For(key);
            _ = new BucketObjectv2(
                key,
                new() { Bucket = bucket.Id, Key = key, Source = content, ContentType = headers.ContentType, CacheControl = headers.CacheControl },
                owned);
        }
    }
}
