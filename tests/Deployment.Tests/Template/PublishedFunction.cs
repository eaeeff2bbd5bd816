using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Deployment.Tests.Stack;

namespace Deployment.Tests.Template;

/// <summary>sign-playlist, from a build context as faas-cli makes it, published with the Dockerfile's own command.</summary>
public sealed class PublishedFunction : IAsyncLifetime
{
    public const string TokenKey = "0123456789abcdef0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reelseal-build-context-");

    public async ValueTask InitializeAsync()
    {
        var context = PathOf("sign-playlist");
        BuildContext.Create(StackFile.AsWritten["sign-playlist"], StackFile.AsWritten.CopiedPaths, context);
        BuildContext.Ignore(context);
        // The RUN of the build stage, with a folder in place of the image's.
        const string version = "MinVerVersionOverride=\"${VERSION}\" ";
        var run = Assert.Single(Dockerfile.OfTemplate.All("RUN"), line => line.StartsWith(version + "dotnet publish ", StringComparison.Ordinal));
        var command = run[version.Length..];
        Assert.EndsWith(" --output /out", command, StringComparison.Ordinal);
        var architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64"; // as Docker calls them
        var arguments = command.Replace("${TARGETARCH}", architecture, StringComparison.Ordinal).Split(' ')[1..^1];
        await Build.DotnetAsync(context, [.. arguments, PathOf("out")], ("DOTNET_RUNNING_IN_CONTAINER", "true"), ("MinVerVersionOverride", "0.2.0"));

        Directory.CreateDirectory(PathOf("secrets"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(PathOf("secrets/reelseal-signing-key"), key.ExportECPrivateKeyPem());
        await File.WriteAllTextAsync(PathOf("secrets/reelseal-origin-secret"), new string('o', 32));
        await File.WriteAllTextAsync(PathOf("secrets/reelseal-token-key"), TokenKey);
    }

    /// <summary>A file or folder beside the program.</summary>
    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Starts it with what stack.yml and the image would set, but for the port, the wait at the end, the secrets, and the changes.</summary>
    internal FunctionProcess Start(params (string Name, string Value)[] changes) => FunctionProcess.Start(PathOf("out/Root"), [], [.. Environment(changes)]);

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private IEnumerable<(string, string)> Environment((string Name, string Value)[] changes) => StackFile.WithDefaults["sign-playlist"].Map("environment")
        .SetItems(Dockerfile.OfTemplate.Environment)
        .SetItem("ASPNETCORE_URLS", "http://127.0.0.1:0")
        .SetItem("healthcheck_interval", "1s")
        .SetItem("SECRETS_DIRECTORY", PathOf("secrets"))
        .SetItem("CLOUDFRONT_URL", "https://d111111abcdef8.cloudfront.net")
        .SetItem("KEY_PAIR_ID", "K2JCJMDEHXQW5F")
        .SetItems(changes.Select(change => KeyValuePair.Create(change.Name, change.Value)))
        .Select(setting => (setting.Key, setting.Value));
}
