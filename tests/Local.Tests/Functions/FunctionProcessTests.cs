using System.Diagnostics;
using System.Globalization;
using Reelseal.Local.Functions;

namespace Reelseal.Local.Tests.Functions;

public sealed class FunctionProcessTests
{
    private const int Limit = 60_000;

    [Fact(Timeout = Limit)]
    public async Task Starts_a_function_with_its_settings_and_nothing_else_of_this_environment()
    {
        Environment.SetEnvironmentVariable("REELSEAL_TEST_LEAK", "leaked");
        await using var function = await StartAsync(("GREETING", "hello"));
        using var http = new HttpClient();
        Assert.Equal("hello", await http.GetStringAsync(new Uri(function.Address, "/setting/GREETING"), TestContext.Current.CancellationToken));
        Assert.Equal("/secrets", await http.GetStringAsync(new Uri(function.Address, "/setting/SECRETS_DIRECTORY"), TestContext.Current.CancellationToken));
        Assert.Equal("", await http.GetStringAsync(new Uri(function.Address, "/setting/REELSEAL_TEST_LEAK"), TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = Limit)]
    public async Task Waits_until_the_function_is_ready()
    {
        var started = Stopwatch.StartNew();
        await using var function = await StartAsync(("READY_AFTER_MILLISECONDS", "700"));
        Assert.True(started.ElapsedMilliseconds >= 700);
    }

    [Fact(Timeout = Limit)]
    public async Task Reports_why_a_function_refused_to_start()
    {
        var refusal = await Assert.ThrowsAsync<FunctionStartException>(() => StartAsync(("REFUSE_WITH", "KEY_PAIR_ID is not set.")));
        Assert.Contains("KEY_PAIR_ID is not set.", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("exit code 1", refusal.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Gives_up_on_a_function_that_does_not_become_ready_and_leaves_nothing_running()
    {
        var program = Program(("READY_AFTER_MILLISECONDS", "60000")) with { StartWithin = TimeSpan.FromSeconds(2) };
        await Assert.ThrowsAsync<FunctionStartException>(() => FunctionProcess.StartAsync(program, TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = Limit)]
    public async Task Reports_what_to_do_when_it_is_not_published()
    {
        var program = Program() with { Executable = "/nowhere/Root" };
        var missing = await Assert.ThrowsAsync<FunctionStartException>(() => FunctionProcess.StartAsync(program, TestContext.Current.CancellationToken));
        Assert.Contains("make publish", missing.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Stops_a_function_with_SIGTERM()
    {
        await using var function = await StartAsync();
        Assert.Equal(7, await function.StopAsync(TimeSpan.FromSeconds(20))); // its own exit code: it was asked, not killed
    }

    [Fact(Timeout = Limit)]
    public async Task Kills_a_function_that_does_not_stop_together_with_its_children()
    {
        await using var function = await StartAsync(("IGNORE_SIGTERM", "1"), ("START_CHILD", "1"));
        using var http = new HttpClient();
        var child = int.Parse(
            await http.GetStringAsync(new Uri(function.Address, "/child"), TestContext.Current.CancellationToken),
            CultureInfo.InvariantCulture);
        Assert.Equal(137, await function.StopAsync(TimeSpan.FromMilliseconds(300)));
        while (Directory.Exists($"/proc/{child}")
            && !(await File.ReadAllTextAsync($"/proc/{child}/stat", TestContext.Current.CancellationToken)).Contains(") Z ", StringComparison.Ordinal))
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }

    [Fact(Timeout = Limit)]
    public async Task Collects_what_the_function_writes()
    {
        var line = new TaskCompletionSource<string>();
        await using var function = await FunctionProcess.StartAsync(
            Program() with { OnLine = text => line.TrySetResult(text) }, TestContext.Current.CancellationToken);
        using var http = new HttpClient();
        await http.GetAsync(new Uri(function.Address, "/say/something"), TestContext.Current.CancellationToken);
        Assert.Equal("something", await line.Task);
        Assert.Equal(["something"], function.Log.Lines);
    }

    private static Task<FunctionProcess> StartAsync(params (string Name, string Value)[] settings) =>
        FunctionProcess.StartAsync(Program(settings), TestContext.Current.CancellationToken);

    private static FunctionProgram Program(params (string Name, string Value)[] settings) => new()
    {
        Name = "stub",
        Executable = Path.Combine(AppContext.BaseDirectory, "StubFunction"),
        Environment = settings.ToDictionary(setting => setting.Name, setting => setting.Value, StringComparer.Ordinal),
        SecretsDirectory = "/secrets",
    };
}
