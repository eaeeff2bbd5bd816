using CliWrap;
using CliWrap.Buffered;

namespace Deployment.Tests.Stack;

/// <summary>What the Makefile hands on.</summary>
public sealed class MakefileTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("demo", "VIDEO", "holiday.mov")]
    [InlineData("demo", "VIDEO", "my holiday.mov")]
    [InlineData("demo", "VIDEO", "Anna's \"film\".mov")]
    [InlineData("demo", "VIDEO", "$HOME $(date) `date` \\ ; #1 & *.mov")]
    [InlineData("upload", "FILE", "Anna's $HOME.mov")]
    public async Task A_video_is_taken_whatever_its_name_is(string target, string variable, string name) =>
        Assert.Equal($"{target}\n{name}\n", await ArgumentsAsync(target, $"{variable}={name}"));

    [Theory(Timeout = 60_000)]
    [InlineData("demo")]
    [InlineData("serve")]
    public async Task The_number_of_replicas_is_handed_on(string target) =>
        Assert.Equal($"{target}\n--replicas\n3\n", await ArgumentsAsync(target, "REPLICAS=3"));

    /// <summary>Returns the arguments of the program that make would run, a line each; what it needs before counts as done.</summary>
    private static async Task<string> ArgumentsAsync(string target, string variable)
    {
        var line = await Cli.Wrap("make").WithWorkingDirectory(Repository.Root)
            .WithArguments(
                ["--silent", "--dry-run", "-o", "publish", "-o", "ffmpeg", "-o", "page", "-o", "local", target, "LOCAL=printf '%s\\n'", variable])
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        return (await Cli.Wrap("bash").WithArguments(["-c", line.StandardOutput]).ExecuteBufferedAsync(TestContext.Current.CancellationToken)).StandardOutput;
    }

    [Theory(Timeout = 60_000)]
    [InlineData("exit 0", "The .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0")]
    [InlineData("echo '9.0.100 [/usr/share/dotnet/sdk]'", "The .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0")]
    [InlineData(
        "[ $1 = --list-sdks ] && echo '10.0.100 [/usr/share/dotnet/sdk]' || { echo 'error NU1301: Unable to load the service index'; exit 1; }",
        "local: its packages cannot be loaded. Is there a network?")]
    public async Task What_is_missing_is_said_in_one_sentence(string dotnet, string sentence)
    {
        var folder = Directory.CreateTempSubdirectory("reelseal-test-");
        try
        {
            var program = Path.Combine(folder.FullName, "dotnet");
            await File.WriteAllTextAsync(program, $"#!/bin/sh\n{dotnet}\n", TestContext.Current.CancellationToken);
            await Cli.Wrap("chmod").WithArguments(["+x", program]).ExecuteAsync(TestContext.Current.CancellationToken);

            var made = await Cli.Wrap("make").WithWorkingDirectory(Repository.Root).WithArguments(["--silent", "local"])
                .WithEnvironmentVariables(variables => variables.Set("PATH", $"{folder.FullName}:/usr/bin:/bin"))
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(TestContext.Current.CancellationToken);

            Assert.Equal((2, ""), (made.ExitCode, made.StandardOutput));
            Assert.Equal(sentence, made.StandardError.Split('\n')[0]); // make adds a line of its own
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
