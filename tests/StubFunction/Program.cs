// A function that behaves as its environment says: tests start it when they need a real process that behaves well or badly.
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

string? Setting(string name) => Environment.GetEnvironmentVariable(name);

if (Setting("REFUSE_WITH") is { } fault)
{
    await Console.Error.WriteLineAsync(fault);
    return 1;
}
if (Setting("IGNORE_SIGTERM") is not null)
    PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = true);
using var child = Setting("START_CHILD") is not null ? Process.Start("sleep", "600") : null;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
var app = builder.Build();
var ready = Stopwatch.StartNew();
var readyAfter = int.Parse(Setting("READY_AFTER_MILLISECONDS") ?? "0", CultureInfo.InvariantCulture);
app.MapGet("/_/ready", () => ready.ElapsedMilliseconds < readyAfter ? Results.StatusCode(503) : Results.Ok());
app.MapGet("/setting/{name}", (string name) => Setting(name) ?? "");
app.MapGet("/child", () => child?.Id.ToString(CultureInfo.InvariantCulture) ?? "");
app.MapGet("/say/{line}", (string line) =>
{
    Console.WriteLine(line);
    return Results.Ok();
});
await app.RunAsync();
if (Setting("IGNORE_SIGTERM") is not null)
    await Task.Delay(Timeout.Infinite);
return 7;
