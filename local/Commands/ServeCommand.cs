using System.CommandLine;
using Reelseal.Local.Functions;
using Reelseal.Tokens;

namespace Reelseal.Local.Commands;

/// <summary><c>serve</c>: the system, until Ctrl-C.</summary>
internal static class ServeCommand
{
    private static readonly Option<int> s_gatewayPort = new("--gateway-port")
    {
        Description = "The function gateway's port on 127.0.0.1.",
        DefaultValueFactory = _ => 8080,
    };

    private static readonly Option<int> s_edgePort = new("--edge-port")
    {
        Description = "The edge's port on 127.0.0.1, where the page is.",
        DefaultValueFactory = _ => 8081,
    };

    private static readonly Option<string[]> s_embedders = new("--embedder")
    {
        Description = "An origin whose pages may show the player in a frame. May be repeated.",
        DefaultValueFactory = _ => [],
    };

    public static Command Create()
    {
        var command = new Command("serve", "Starts the system and keeps it up until Ctrl-C.")
        {
            s_gatewayPort, s_edgePort, CommonOptions.Store, CommonOptions.Functions, CommonOptions.SigningKey, s_embedders,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var options = CommonOptions.Read(arguments, fallback: Path.Combine(Repository.Root, ".reelseal", "store")) with
        {
            GatewayPort = arguments.GetValue(s_gatewayPort),
            EdgePort = arguments.GetValue(s_edgePort),
            Embedders = arguments.GetValue(s_embedders) ?? [],
            Settings = PassedSettings.Of(
                await File.ReadAllTextAsync(Path.Combine(Repository.Root, "stack.yml"), cancellationToken), Environment.GetEnvironmentVariable),
            OnFunctionLine = (name, line) => Console.Error.WriteLine($"{name}: {line}"),
        };
        await using var system = await LocalSystem.StartAsync(options, cancellationToken);
        var token = system.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play], Lifetime = TimeSpan.FromHours(12) });
        Console.WriteLine($"""
              gateway    {system.Gateway}/function/ingest-video/ and …/sign-playlist/
              store      {options.StoreDirectory ?? Environment.GetEnvironmentVariable("S3_BUCKET")}
              token      {token}
              others     make token ARGS="--key-file {system.TokenKeyPath} --scope {Scopes.Play} --video ID"
              callbacks  their key is in {system.CallbackKeyPath}

            The token is for everything, for 12 hours. Ctrl-C ends.

              page       {system.Edge}/site/
            """);
        var stop = new TaskCompletionSource();
        await using (cancellationToken.Register(stop.SetResult))
            await stop.Task;
    }
}
