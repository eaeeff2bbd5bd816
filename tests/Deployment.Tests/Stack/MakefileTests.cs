using CliWrap;
using CliWrap.Buffered;

namespace Deployment.Tests.Stack;

/// <summary>What the Makefile hands on.</summary>
public sealed class MakefileTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("holiday.mov")]
    [InlineData("my holiday.mov")]
    [InlineData("Anna's \"film\".mov")]
    [InlineData("$HOME $(date) `date` \\ ; #1 & *.mov")]
    public async Task The_demo_takes_a_video_whatever_its_name_is(string name)
    {
        // The line that make would run, with a program that prints its arguments; what the demo needs before counts as done.
        var line = await Cli.Wrap("make").WithWorkingDirectory(Repository.Root)
            .WithArguments(["--silent", "--dry-run", "-o", "publish", "-o", "ffmpeg", "demo", "LOCAL=printf '%s\\n'", "VIDEO=" + name])
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

        var printed = await Cli.Wrap("bash").WithArguments(["-c", line.StandardOutput]).ExecuteBufferedAsync(TestContext.Current.CancellationToken);

        Assert.Equal($"demo\n{name}\n", printed.StandardOutput);
    }
}
