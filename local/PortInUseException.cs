namespace Reelseal.Local;

/// <summary>Another program listens on the port.</summary>
internal sealed class PortInUseException(int port, Exception inner) : IOException($"Port {port} is in use.", inner)
{
    public int Port => port;
}
