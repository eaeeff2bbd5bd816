namespace IngestVideo.Tests;

/// <summary>One function for all tests of a class, which look at nothing in the store but their own videos.</summary>
public class ClassHost : IAsyncLifetime
{
    private readonly (string Name, string Value)[] _settings;

    public ClassHost() : this([])
    {
    }

    private protected ClassHost(params (string Name, string Value)[] settings) => _settings = settings;

    internal IngestHost Started { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Started = await IngestHost.StartAsync(_settings);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Started.DisposeAsync();
    }
}
