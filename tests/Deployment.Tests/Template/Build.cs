using CliWrap;
using CliWrap.Buffered;

namespace Deployment.Tests.Template;

/// <summary>Runs dotnet.</summary>
internal static class Build
{
    /// <summary>A fixture, which no test's time limit covers, waits for it.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    /// <exception cref="InvalidOperationException">It failed; the message contains its output.</exception>
    public static async Task DotnetAsync(string folder, string[] arguments, params (string Name, string Value)[] environment)
    {
        var (success, output) = await TryDotnetAsync(folder, arguments, environment);
        if (!success)
            throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} failed:\n{output}");
    }

    public static async Task<(bool Success, string Output)> TryDotnetAsync(
        string folder, string[] arguments, params (string Name, string Value)[] environment)
    {
        // The test run itself is started by dotnet, whose environment variables would affect this one.
        var variables = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);
        variables["DOTNET_CLI_UI_LANGUAGE"] = "en";
        // No server may outlive the test, because it would keep the folder and its output pipe open.
        variables["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        variables["MSBUILDDISABLENODEREUSE"] = "1";
        variables["UseSharedCompilation"] = "false";
        foreach (var (name, value) in environment)
            variables[name] = value;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(s_limit);
        var result = await Cli.Wrap("dotnet").WithArguments(arguments).WithWorkingDirectory(folder).WithEnvironmentVariables(variables)
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
        return (result.IsSuccess, result.StandardOutput + result.StandardError);
    }
}
