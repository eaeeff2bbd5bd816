namespace SignPlaylist;

public static class Handler
{
    public static void MapServices(IServiceCollection services)
    {
    }

    public static void MapEndpoints(WebApplication app)
    {
    }
}
