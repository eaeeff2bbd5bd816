using System.Diagnostics;
using IngestVideo;
using IngestVideo.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Reelseal.Storage;

// The function as the template starts it; the address goes to standard output.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.Services.AddProblemDetails();
Handler.MapServices(builder.Services);
IObjectStore Real() => new DirectoryObjectStore(Environment.GetEnvironmentVariable("STORE_DIRECTORY")!, TimeSpan.FromSeconds(2));
// As long as this file is there, the worker stays in the middle of its video.
if (Environment.GetEnvironmentVariable("HOLD_FILE") is { } hold)
{
    builder.Services.AddSingleton<IObjectStore>(new ChangedStore(Real(), async key =>
    {
        while (SegmentGate.IsHeld(key) && File.Exists(hold))
            await Task.Delay(20);
    }));
}
// The worker is killed at an object whose key ends so.
if (Environment.GetEnvironmentVariable("KILL_AT")?.Split(' ') is [var moment, var end])
{
    builder.Services.AddSingleton<IObjectStore>(new ChangedStore(
        Real(), key => Reach("write", key), afterPut: key => Reach("written", key), beforeGet: key => _ = Reach("read", key)));

    Task Reach(string reached, string key)
    {
        if (reached == moment && key.EndsWith(end, StringComparison.Ordinal))
        {
            Process.GetCurrentProcess().Kill();
            Thread.Sleep(Timeout.Infinite);
        }
        return Task.CompletedTask;
    }
}
var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
Handler.MapEndpoints(app);
await app.StartAsync();
Console.WriteLine(app.Urls.First());
await app.WaitForShutdownAsync();
