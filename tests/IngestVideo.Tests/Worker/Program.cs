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
// As long as this file is there, the worker stays in the middle of its video.
if (Environment.GetEnvironmentVariable("HOLD_FILE") is { } hold)
{
    var real = new DirectoryObjectStore(Environment.GetEnvironmentVariable("STORE_DIRECTORY")!, TimeSpan.FromSeconds(2));
    builder.Services.AddSingleton<IObjectStore>(new ChangedStore(real, async key =>
    {
        while (SegmentGate.IsHeld(key) && File.Exists(hold))
            await Task.Delay(20);
    }));
}
var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
Handler.MapEndpoints(app);
await app.StartAsync();
Console.WriteLine(app.Urls.First());
await app.WaitForShutdownAsync();
