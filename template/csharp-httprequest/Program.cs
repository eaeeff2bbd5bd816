using Microsoft.Extensions.Options;
using Root;

var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
// The framework's own request log would hold queries, and with them tokens and signatures.
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
if (!Console.IsOutputRedirected)
    builder.Logging.AddSimpleConsole();
else
    builder.Logging.AddJsonConsole(json => json.IncludeScopes = true);

builder.Services.AddProblemDetails();
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
app.UseExceptionHandler();
app.UseStatusCodePages();
app.MapGet("/_/ready", () => TypedResults.Ok());
Handler.MapEndpoints(app);
await app.RunAsync();
return 0;
