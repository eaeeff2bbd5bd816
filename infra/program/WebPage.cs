using System.Text.Json;
using Pulumi;
using Pulumi.Aws.S3;
using Reelseal.Storage;

namespace Reelseal.Infra;

/// <summary>The web page under <c>site/</c>, with the address of the gateway in its <c>config.json</c>.</summary>
internal sealed class WebPage : ComponentResource
{
    public WebPage(string name, Bucket bucket, string folder, Uri gateway)
        : base("reelseal:web:WebPage", name)
    {
        var owned = new CustomResourceOptions { Parent = this };
        if (!Directory.Exists(folder))
            throw new RunException($"reelseal:page names the folder {folder}, which is not there.");
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var key = $"site/{Path.GetRelativePath(folder, file).Replace('\\', '/')}";
            if (key != "site/config.json")
                Put(key, new FileAsset(file));
        }
        Put("site/config.json", new StringAsset(JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["gateway"] = gateway.AbsoluteUri.TrimEnd('/') })));
        RegisterOutputs();

        void Put(string key, Asset content)
        {
            var headers = ObjectHeaders.For(key);
            _ = new BucketObjectv2(key, new() { Bucket = bucket.Id, Key = key, Source = content, ContentType = headers.ContentType, CacheControl = headers.CacheControl }, owned);
        }
    }
}
