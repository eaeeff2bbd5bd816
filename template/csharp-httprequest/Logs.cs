namespace Root;

/// <summary>Configures the log: one JSON object per line of standard output, or plain text in a terminal.</summary>
internal static class Logs
{
    public static void Configure(ILoggingBuilder logging)
    {
        // The framework's request log contains queries, and with them tokens and signatures.
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // While this category is enabled, the framework creates an activity for each request.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        if (!Console.IsOutputRedirected)
            logging.AddSimpleConsole();
        else
            logging.AddJsonConsole(json => (json.IncludeScopes, json.UseUtcTimestamp, json.TimestampFormat) = (true, true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
    }

    /// <summary>Writes why the function does not start, as one line that names every faulty setting.</summary>
    public static void WriteStartFailure(Exception reason)
    {
        using var loggers = LoggerFactory.Create(Configure); // disposing flushes the queue
        var logger = loggers.CreateLogger("Start");
        if (reason is Microsoft.Extensions.Options.OptionsValidationException faulty)
            logger.LogCritical("The function does not start: {Faults}", string.Join(' ', faulty.Failures));
        else
            logger.LogCritical(reason, "The function does not start");
    }
}
