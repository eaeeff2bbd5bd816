using IngestVideo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// The function as the template starts it; the address goes to standard output.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.Services.AddProblemDetails();
Handler.MapServices(builder.Services);
var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
Handler.MapEndpoints(app);
await app.StartAsync();
Console.WriteLine(app.Urls.First());
await app.WaitForShutdownAsync();
