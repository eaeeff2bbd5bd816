using Root;

try
{
    // A container's files do not change, and a watcher would follow every file below this folder.
    var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false", .. args]);
    builder.WebHost.ConfigureKestrel(kestrel =>
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestLineSize = 32 * 1024; // a token of 16 KiB may be in the query; of-watchdog and the gateway take a megabyte
    });
    Logs.Configure(builder.Logging);

    builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problems.Complete);
    // A function adds its own checks with AddHealthChecks(); those tagged "ready" must pass before it gets requests.
    builder.Services.AddHealthChecks();
    builder.Services.AddGracefulStop();
    Handler.MapServices(builder.Services);

    var app = builder.Build();
    app.Use(ExpectedBody.UseAsync);
    app.UseCallScope();
    app.UseProblems();
    app.MapHealth();
    Handler.MapEndpoints(app);
    await app.RunAsync();
    return 0;
}
catch (Exception e)
{
    Logs.WriteStartFailure(e);
    return 1;
}
