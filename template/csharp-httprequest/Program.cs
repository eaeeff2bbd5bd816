using Microsoft.Extensions.Options;
using Root;

// Nothing changes a container's files, and a watcher would follow every one below this folder.
var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false", .. args]);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Limits.MaxRequestLineSize = 32 * 1024; // a token of 16 KiB may be in the query; of-watchdog and the gateway take a megabyte
});
// The framework's own request log would hold queries, and with them tokens and signatures.
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
// As long as this one may log anything, an activity is made for each request.
builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
if (!Console.IsOutputRedirected)
    builder.Logging.AddSimpleConsole();
else
    builder.Logging.AddJsonConsole(json => (json.IncludeScopes, json.UseUtcTimestamp, json.TimestampFormat) = (true, true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));

builder.Services.AddProblemDetails();
// A function adds checks of its own with AddHealthChecks(); those with the tag "ready" are asked before it gets requests.
builder.Services.AddHealthChecks();
builder.Services.AddGracefulStop();
try
{
    Handler.MapServices(builder.Services);
}
catch (OptionsValidationException faulty)
{
    foreach (var fault in faulty.Failures)
        await Console.Error.WriteLineAsync(fault);
    return 1;
}

var app = builder.Build();
app.UseCallScope();
app.UseProblems();
app.MapHealth();
Handler.MapEndpoints(app);
await app.RunAsync();
return 0;
