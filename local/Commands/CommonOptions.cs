using System.CommandLine;
using Reelseal.Local.Keys;

namespace Reelseal.Local.Commands;

/// <summary>Options that commands share.</summary>
internal static class CommonOptions
{
    public static Option<DirectoryInfo> Data { get; } = new("--data")
    {
        Description = "The folder that keeps the videos, the keys and the log (.reelseal).",
        DefaultValueFactory = _ => new(Path.Combine(Repository.Root, ".reelseal")),
    };

    public static Option<DirectoryInfo?> Store { get; } = new("--store")
    {
        Description = "The folder that keeps the videos. Without it the bucket that S3_BUCKET and S3_ENDPOINT name, "
            + "and without those a folder of this program's choice.",
    };

    public static Option<DirectoryInfo?> Functions { get; } = new("--functions")
    {
        Description = "The folder with the published functions (artifacts/functions).",
    };

    public static Option<int> GatewayPort { get; } = new("--gateway-port")
    {
        Description = "The function gateway's port on 127.0.0.1.",
        DefaultValueFactory = _ => 8080,
    };

    public static Option<int> EdgePort { get; } = new("--edge-port")
    {
        Description = "The edge's port on 127.0.0.1, where the page is.",
        DefaultValueFactory = _ => 8081,
    };

    public static Option<SigningKeyKind> SigningKey { get; } = new("--signing-key") { Description = "The kind of key that URLs are signed with." };

    public static Option<int> Replicas { get; } = new("--replicas")
    {
        Description = "How many processes of ingest-video there are; several encode each video together.",
        DefaultValueFactory = _ => 1,
    };

    /// <summary>The folder with the keys of <c>serve</c>.</summary>
    public static string KeysIn(ParseResult arguments) => Path.Combine(arguments.GetRequiredValue(Data).FullName, "keys");

    /// <summary>Returns the options of the system that a command line asks for.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="fallback">The store's folder if neither a folder nor a bucket is named.</param>
    public static LocalOptions Read(ParseResult arguments, string fallback)
    {
        var options = new LocalOptions
        {
            StoreDirectory = arguments.GetValue(Store)?.FullName ?? (Environment.GetEnvironmentVariable("S3_BUCKET") is { Length: > 0 } ? null : fallback),
            SigningKey = arguments.GetValue(SigningKey),
            Replicas = arguments.GetValue(Replicas),
            Logging = logging => logging.AddSimpleConsole().AddFilter(level => level >= LogLevel.Warning),
        };
        return arguments.GetValue(Functions) is { } functions ? options with { FunctionsDirectory = functions.FullName } : options;
    }
}
