using System.CommandLine;
using Reelseal.Local.Functions;
using Reelseal.Tokens;

namespace Reelseal.Local.Commands;

/// <summary><c>serve</c>: the system, until Ctrl-C.</summary>
internal static class ServeCommand
{
    private static readonly Option<string[]> s_embedders = new("--embedder")
    {
        Description = "An origin whose pages may show the player in a frame. May be repeated.",
        DefaultValueFactory = _ => [],
    };

    public static Command Create()
    {
        var command = new Command("serve", "Starts the system and keeps it up until Ctrl-C.")
        {
            CommonOptions.GatewayPort, CommonOptions.EdgePort, CommonOptions.Data, CommonOptions.Store, CommonOptions.Functions, CommonOptions.SigningKey,
            s_embedders, CommonOptions.Replicas,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var data = Directory.CreateDirectory(arguments.GetRequiredValue(CommonOptions.Data).FullName).FullName;
        using var log = new LogFile(Path.Combine(data, $"serve-{arguments.GetValue(CommonOptions.GatewayPort)}.log")); // there may be several
        var options = CommonOptions.Read(arguments, fallback: Path.Combine(data, "store")) with
        {
            KeyDirectory = CommonOptions.KeysIn(arguments),
            GatewayPort = arguments.GetValue(CommonOptions.GatewayPort),
            EdgePort = arguments.GetValue(CommonOptions.EdgePort),
            Embedders = arguments.GetValue(s_embedders) ?? [],
            Settings = PassedSettings.Of(
                await File.ReadAllTextAsync(Path.Combine(Repository.Root, "stack.yml"), cancellationToken), Environment.GetEnvironmentVariable),
            OnFunctionLine = (name, line) => log.Write($"{name}: {line}"),
        };
        await using var system = await StartAsync(options, cancellationToken);
        var token = system.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play, Scopes.Download], Lifetime = TimeSpan.FromHours(12) });
        Console.WriteLine($"""
              gateway    {system.Gateway}/function/ingest-video/ and …/sign-playlist/
              store      {options.StoreDirectory ?? Environment.GetEnvironmentVariable("S3_BUCKET")}
              token      {token}
              others     make token ARGS="--key-file {system.TokenKeyPath} --scope {Scopes.Play} --video ID"
              callbacks  their key is in {system.CallbackKeyPath}
              log        {log.Path}

            The token is for everything, for 12 hours. Ctrl-C ends.

              page       {system.Edge}/site/
            """);
        var stop = new TaskCompletionSource();
        await using (cancellationToken.Register(stop.SetResult))
            await stop.Task;
    }

    private static async Task<LocalSystem> StartAsync(LocalOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await LocalSystem.StartAsync(options, cancellationToken);
        }
        catch (PortInUseException e)
        {
            // Both, because the one that is free now would be left out of the next command.
            var (gateway, edge) = e.Port == options.GatewayPort ? (e.Port + 100, options.EdgePort) : (options.GatewayPort, e.Port + 100);
            throw new CommandFailedException(
                $"{e.Message} Choose others: make serve ARGS=\"{CommonOptions.GatewayPort.Name} {gateway} {CommonOptions.EdgePort.Name} {edge}\"", e);
        }
    }
}
